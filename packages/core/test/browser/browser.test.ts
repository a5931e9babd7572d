import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import type { Deferred } from 'potoroo'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { tool } from '../../../../scripts/vitest/tools.ts'
import { Site } from './site.ts'

/** What the pages have: see site.ts. */
declare global {
  var potoroo: typeof import('potoroo')
  var held: unknown
}

const name = 'in a browser'
const executablePath = tool('CHROMIUM', name)

describe.skipIf(executablePath === undefined)(name, () => {
  let browser: Browser
  /** One for all, so that the modules are loaded once. */
  let context: BrowserContext
  let site: Site
  beforeAll(async () => {
    const args = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--js-flags=--expose-gc']
    browser = await chromium.launch({ executablePath: executablePath as string, args })
    context = await browser.newContext()
    site = await Site.open()
  })
  afterAll(async () => {
    await browser?.close()
    site?.close()
  })

  /** A page with the core, and all that its console says. */
  async function open(): Promise<{ page: Page; said: string[] }> {
    const page = await context.newPage()
    onTestFinished(() => page.close())
    const said: string[] = []
    page.on('console', (message) => said.push(`${message.type()}: ${message.text()}`))
    page.on('pageerror', (error) => said.push(`uncaught: ${error.message}`))
    await page.goto(site.url)
    await page.waitForFunction(() => 'potoroo' in globalThis)
    return { page, said }
  }

  test('deferreds fire, chain, wait, are awaited, time out and are disposed of; coroutines run', async () => {
    const { page, said } = await open()
    const result = await page.evaluate(async () => {
      const { Deferred, inlineCallbacks, sleep, succeed } = globalThis.potoroo
      const seen: unknown[] = []
      const deferred = new Deferred<number>()
      deferred.addCallback((n) => sleep(1, n + 1)).addCallback((n) => seen.push(n))
      deferred.callback(1)
      await deferred
      seen.push(await inlineCallbacks(function* () { return (yield* succeed(20)) + (yield* Deferred.from(Promise.resolve(3))) })())
      await new Deferred().addTimeout(1).catch((error) => seen.push((error as Error).name))
      const disposed = new Deferred(() => seen.push('cancelled'))
      disposed.addErrback(() => {})
      disposed[Symbol.dispose]()
      return seen
    })
    expect(result).toEqual([2, 23, 'TimeoutError', 'cancelled'])
    expect(said).toEqual([])
  })

  test('what stands on deferreds works: lists, memoize, retry, a dispatch queue', async () => {
    const { page, said } = await open()
    const result = await page.evaluate(async () => {
      const { gatherResults, memoize, ResizableDispatchQueue, retry, sleep } = globalThis.potoroo
      const queue = new ResizableDispatchQueue((n: number) => sleep(1, n * 10), { width: 2 })
      const jobs = await gatherResults([1, 2, 3].map((n) => queue.put(n)))
      const double = memoize((n: number) => n * 2)
      const third = ({ attempt }: { attempt: number }): number => {
        if (attempt < 3) throw new Error('again')
        return attempt
      }
      return [jobs.map((job) => job.result), await double(2), await double(2), double.size, await retry(third, { backoff: [0, 1, 1] })]
    })
    expect(result).toEqual([[10, 20, 30], 4, 4, 1, 3])
    expect(said).toEqual([])
  })

  test('cancelling aborts a fetch, and the server hears of it', async () => {
    const { page } = await open()
    await page.evaluate(() => {
      globalThis.held = globalThis.potoroo.abortable((signal) => fetch('/endless', { signal }))
    })
    const { closed } = await site.endless.get()
    const code = await page.evaluate(() => {
      const call = globalThis.held as Deferred<Response>
      call.cancel()
      return call.then(() => 'fetched', (error) => (error as { code: string }).code)
    })
    expect(code).toBe('ERR_CANCELLED')
    await closed
  })

  test('a worker has all of it, too', async () => {
    const { page, said } = await open()
    const answer = await page.evaluate(() => {
      const worker = new Worker('/worker.js', { type: 'module' })
      const answer = new globalThis.potoroo.Deferred<unknown>(() => worker.terminate())
      worker.addEventListener('message', ({ data }) => answer.callback(data))
      worker.postMessage(1)
      return answer.then()
    })
    expect(answer).toBe(2)
    expect(said).toEqual([])
  })

  test('debug mode names the places in the page, not those in the core', async () => {
    const { page } = await open()
    const text = await page.evaluate(() => {
      const { Deferred, setDebug } = globalThis.potoroo
      setDebug(true)
      const deferred = new Deferred<number>().addCallback(function onPage(n) { return n })
      setDebug(false)
      return deferred.explain()
    })
    expect(text).toContain('onPage')
    expect(text).toMatch(/made at /)
    expect(text).not.toContain('/potoroo/')
  })

  test('a failure that nobody handled is a warning of the console when its deferred is collected', async () => {
    const { page, said } = await open()
    await page.evaluate(async () => {
      const { fail } = globalThis.potoroo
      void fail(new Error('lost'))
      fail(new Error('taken')).addErrback(() => {})
    })
    await collectUntil(page, () => said.length > 0)
    expect(said).toEqual([expect.stringMatching(/^warning: A failure was not handled: Error: lost/)])
  })

  test('a failure that nobody handled is reported once when the page is left, and not when it is put aside', async () => {
    const { page } = await open()
    await page.evaluate(() => {
      const { fail, setUnhandledFailureHandler } = globalThis.potoroo
      setUnhandledFailureHandler((failure) => navigator.sendBeacon('/report', String(failure)))
      const late = fail('taken late')
      globalThis.held = [fail('left over'), late]
      // A page that goes to the back-forward cache may come back, and then somebody takes the failure.
      dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))
      setTimeout(() => late.addErrback(() => {}))
    })
    await page.goto(site.url)
    await page.evaluate(() => fetch('/report', { method: 'POST', body: 'the end' }))
    expect([await site.reports.get(), await site.reports.get()].sort()).toEqual(['[Failure: "left over"]', 'the end'])
  })

  test('by default what is left over is an error of the console', async () => {
    const { page } = await open()
    await page.evaluate(() => {
      globalThis.held = globalThis.potoroo.fail(new Error('left over'))
      // Nobody hears what the console of a page that is left says.
      console.error = (text: string) => navigator.sendBeacon('/report', text)
    })
    await page.goto('about:blank')
    expect(await site.reports.get()).toMatch(/^Unhandled failure: Error: left over/)
  })
})

/** Collects garbage in the page until it shows. */
async function collectUntil(page: Page, shows: () => boolean): Promise<void> {
  while (!shows()) await page.evaluate(() => new Promise((resolve) => setTimeout(() => resolve(globalThis.gc?.()))))
}
