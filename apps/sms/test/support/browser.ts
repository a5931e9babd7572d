import { type Browser, type BrowserContext, chromium } from 'playwright-core'
import { afterAll, describe, onTestFinished } from 'vitest'
import { Listener } from '../../src/listener.ts'
import type { ServiceOptions } from '../../src/service.ts'
import { openService, type TestService } from './service.ts'

const executablePath = process.env['CHROMIUM'] ?? ''

/** A suite that needs a browser: without one it is skipped, loudly, but never in CI. */
export function describeInBrowser(name: string, suite: () => void): void {
  if (executablePath === '' && process.env['CI']) throw new Error('There is no Chromium, and in CI no test is skipped')
  if (executablePath === '') console.warn(`>>> NO CHROMIUM: "${name}" IS SKIPPED <<<`)
  describe.skipIf(executablePath === '')(name, suite)
}

let browser: Promise<Browser> | undefined

/** One browser for all tests of a file, and a context, with storage of its own, for each. */
export async function openContext(): Promise<BrowserContext> {
  browser ??= chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  })
  const context = await (await browser).newContext({ locale: 'en-GB' })
  onTestFinished(() => context.close())
  return context
}

afterAll(async () => (await browser)?.close())

/** A service in this process that browsers reach. */
export async function openSite(options: Partial<ServiceOptions> = {}): Promise<TestService & { readonly url: string }> {
  let name = ''
  const opened = await openService({ hosts: () => [name, 'localhost:3000'], ...options })
  const listener = await Listener.open('127.0.0.1', 0, (request) =>
    opened.service.fetch(request, { remoteAddress: '127.0.0.1' }),
  )
  name = `127.0.0.1:${listener.port}`
  onTestFinished(async () => {
    await opened.service.stop(0)
    await listener.close()
  })
  return { ...opened, url: `http://${name}` }
}
