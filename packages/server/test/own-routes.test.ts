import { describe, expect, it } from 'vitest'
import { limitBody, Problem, type ServerOptions } from '@potoroo/server'
import { problemOf, READ, startService, URL_ } from './service.ts'

const routes: ServerOptions['routes'] = (app, { requireToken }) => {
  app.get('/', (c) => c.html('<p>A form</p>'))
  app.get('/admin', requireToken, (c) => c.text(`${c.get('access')} from ${c.env.remoteAddress}`))
  app.post('/messages', limitBody(100), async (c) => {
    const { to } = await c.req.json<{ to?: string }>()
    if (to === undefined) throw new Problem(400, 'ERR_NUMBER', 'Say whom to write to.')
    return c.json({ to }, 202)
  })
  app.get('/bug', () => {
    throw new Error('secret')
  })
}

describe("the caller's own routes", () => {
  it('stand beside the API, with its headers and checks', async () => {
    await using service = await startService({ idle: true, routes })
    const response = await service.server.fetch(new Request(`${URL_}/`))
    expect(await response.text()).toBe('<p>A form</p>')
    expect(response.headers.get('content-security-policy')).toContain("script-src 'self'")
    const foreign = await service.server.fetch(new Request(`${URL_}/`, { headers: { origin: 'http://evil.example' } }))
    expect(await problemOf(foreign)).toMatchObject({ status: 403 })
    const put = await service.server.fetch(new Request(`${URL_}/messages`, { method: 'PUT' }))
    expect(put.headers.get('allow')).toBe('POST')
    expect(await (await service.ask('/metrics')).text()).toContain('route="/",status="200"')
  })

  it('may want a token', async () => {
    await using service = await startService({ idle: true, routes })
    expect((await service.server.fetch(new Request(`${URL_}/admin`))).status).toBe(401)
    expect(await (await service.ask('/admin')).text()).toBe('admin from 192.0.2.1')
    expect(await (await service.ask('/admin', { headers: { authorization: `Bearer ${READ}` } })).text()).toBe('read from 192.0.2.1')
  })

  it('answer with problems of their own, and with none of their secrets', async () => {
    await using service = await startService({ idle: true, routes })
    expect(await problemOf(await service.send('POST', '/messages', {}))).toMatchObject({ status: 400, code: 'ERR_NUMBER' })
    expect(await problemOf(await service.send('POST', '/messages', { to: 'x'.repeat(100) }))).toMatchObject({ status: 413 })
    expect((await service.send('POST', '/messages', { to: 'x' })).status).toBe(202)
    const bug = await problemOf(await service.ask('/bug'))
    expect(bug).toMatchObject({ status: 500, code: 'ERR_INTERNAL' })
    expect(JSON.stringify(bug)).not.toContain('secret')
    expect(service.faults).toMatchObject([{ message: 'secret' }])
  })

  it('show a page where a browser asked for one', async () => {
    await using service = await startService({ idle: true, routes })
    const headers = { accept: 'text/html,application/xhtml+xml' }
    const response = await service.server.fetch(new Request(`${URL_}/admin?x=<script>`, { headers }))
    expect(response.status).toBe(401)
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(await response.text()).toMatch(/<h1>Unauthorized<\/h1>[\s\S]*\/admin\?token=/)
    const api = await service.server.fetch(new Request(`${URL_}/api/queues`, { headers }))
    expect((await problemOf(api)).code).toBe('ERR_UNAUTHORIZED')
  })
})
