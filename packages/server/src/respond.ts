import type { Context } from 'hono'
import { html } from 'hono/html'
import type { Problem } from './problem.ts'

/** The answer to an error: as a plain page where a browser shows it, otherwise `application/problem+json`. */
export async function respond(c: Context, problem: Problem): Promise<Response> {
  const headers = { 'cache-control': 'no-store', ...problem.headers }
  const asksForPage = /^text\/html\b/.test(c.req.header('accept') ?? '') && !c.req.path.startsWith('/api/')
  const body = asksForPage ? String(await page(problem)) : JSON.stringify(problem)
  const type = asksForPage ? 'text/html; charset=utf-8' : 'application/problem+json'
  return new Response(body, { status: problem.status, headers: { ...headers, 'content-type': type } })
}

function page(problem: Problem): ReturnType<typeof html> {
  const { title } = problem.toJSON()
  return html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<h1>${title}</h1>
<p>${problem.message}</p>
<p><small>${problem.code}</small></p>
</html>`
}
