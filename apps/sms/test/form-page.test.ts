import type { Page } from 'playwright-core'
import { Permanent } from '@potoroo/queue'
import { expect, test } from 'vitest'
import { CarrierError } from '../src/carrier/carrier.ts'
import { describeInBrowser, openContext, openSite } from './support/browser.ts'

const receipt = { sid: 'SM1', status: 'queued' }

/** The page, and what its console complains about. */
async function open(url: string): Promise<{ page: Page; complaints: string[] }> {
  const page = await (await openContext()).newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  await page.goto(url)
  return { page, complaints }
}

async function write(page: Page, to: string, text: string): Promise<void> {
  await page.getByLabel('Phone number').fill(to)
  await page.getByLabel('Message', { exact: true }).fill(text)
  await page.getByRole('button', { name: 'Send message' }).click()
}

/** Waits until the message with this text shows this. */
async function shows(page: Page, text: string, ...words: string[]): Promise<void> {
  for (const word of words) await page.locator('.message', { hasText: text }).getByText(word).waitFor()
}

describeInBrowser('the form page', () => {
  test('a message is seen queued, sending, and sent', async () => {
    const { url, carrier } = await openSite({ width: 1 })
    const { page, complaints } = await open(url)
    await page.getByText('Nothing yet').waitFor()
    await write(page, '+34 612 345 678', 'the first')
    const first = await carrier.next()
    await shows(page, 'the first', 'Sending')
    await write(page, '+34612345678', 'the second')
    await shows(page, 'the second', 'Queued', 'Next in line.')
    await write(page, '+34612345678', 'the third')
    await shows(page, 'the third', 'Number 2 in line.')

    first.receipt.callback(receipt)
    await shows(page, 'the first', 'Sent')
    expect(await page.locator('.message').allTextContents()).toHaveLength(3)
    expect(await page.getByText('Nothing yet').isVisible()).toBe(false)
    expect(complaints).toEqual([])
  })

  test('a message that fails says why, in plain words; one to be tried again says so', async () => {
    const { url, carrier } = await openSite({ retryDelays: [60_000] })
    const { page } = await open(url)
    await write(page, '+15005550004', 'unwanted')
    ;(await carrier.next()).receipt.errback(new Permanent(new CarrierError('21610', 'Unsubscribed')))
    await shows(page, 'unwanted', 'Not sent', 'The recipient has asked not to get messages from us.')
    await write(page, '+34612345678', 'unlucky')
    ;(await carrier.next()).receipt.errback(new CarrierError('ERR_CARRIER_503', 'Down'))
    await shows(page, 'unlucky', 'Waiting to try again', 'The carrier is having trouble.')
  })

  test('what is wrong is said beside the field, which gets the focus; nothing is sent', async () => {
    const { url, service } = await openSite()
    const { page } = await open(url)
    const focused = () => page.evaluate(() => document.activeElement?.id)
    await write(page, '', 'hello')
    await page.getByText('Enter the phone number to send to.').waitFor()
    expect(await focused()).toBe('to')
    await write(page, '+34612345678', ' ')
    await page.getByText('Enter a message.').waitFor()
    expect(await focused()).toBe('text')
    await write(page, '612 345 678', 'hello')
    await page.getByText('Begin with + and the country code').waitFor()
    expect(await focused()).toBe('to')
    expect(await page.locator('#to').getAttribute('aria-invalid')).toBe('true')
    expect(await page.locator('#text').inputValue()).toBe('hello')
    expect(await service.queue.counts()).toMatchObject({ pending: 0, underway: 0 })
  })

  test('too many messages are held off with the time to wait', async () => {
    const { url } = await openSite({ messagesRate: { limit: 1, per: 60_000 }, width: 0 })
    const { page } = await open(url)
    await write(page, '+34612345678', 'one')
    await shows(page, 'one', 'Queued')
    await write(page, '+34612345678', 'two')
    await page.getByRole('alert').filter({ hasText: 'Too many messages' }).waitFor()
    expect(await page.locator('#text').inputValue()).toBe('two')
  })

  test('the counter knows characters and SMS', async () => {
    const { url } = await openSite()
    const { page } = await open(url)
    const text = page.getByLabel('Message', { exact: true })
    const counter = page.locator('#text-count')
    for (const [written, counted] of [
      ['x'.repeat(160), '160 of 1,600 characters · 1 SMS'],
      ['x'.repeat(161), '161 of 1,600 characters · 2 SMS'],
      ['€'.repeat(81), '81 of 1,600 characters · 2 SMS'],
      ['☂'.repeat(71), '71 of 1,600 characters · 2 SMS'],
      ['x'.repeat(1_600), '1,600 of 1,600 characters · 11 SMS'],
      ['', '0 of 1,600 characters'],
    ] as const) {
      await text.fill(written)
      expect(await counter.textContent()).toBe(counted)
    }
  })

  test('a reload keeps the messages of the tab, and goes on following them; another tab has its own', async () => {
    const { url, carrier } = await openSite({ width: 1 })
    const { page } = await open(url)
    await write(page, '+34612345678', 'the first')
    const { receipt: first } = await carrier.next()
    await shows(page, 'the first', 'Sending')
    await page.reload()
    await shows(page, 'the first', 'Sending')
    first.callback(receipt)
    await shows(page, 'the first', 'Sent')

    const other = await page.context().newPage()
    await other.goto(url)
    await other.getByText('Nothing yet').waitFor()
    await page.getByRole('button', { name: 'Remove finished' }).click()
    await page.getByText('Nothing yet').waitFor()
  })

  test('a service that is away is waited for', async () => {
    const { url } = await openSite({ width: 0 })
    const { page } = await open(url)
    await write(page, '+34612345678', 'the first')
    await shows(page, 'the first', 'Next in line.')
    await page.route('**/messages*', (route) => route.abort())
    await page.getByText('No connection to the service').waitFor()
    await write(page, '+34612345678', 'the second')
    await page.getByText('The service cannot be reached.').waitFor()
    await page.unrouteAll()
    await page.getByText('No connection to the service').waitFor({ state: 'hidden' })
    expect(await page.locator('#text').inputValue()).toBe('the second')
  })

  test('text is text, never HTML', async () => {
    const { url } = await openSite({ width: 0 })
    const { page, complaints } = await open(url)
    const text = '<img src=x onerror=alert(1)><script>alert(2)</script>'
    await write(page, '+34612345678', text)
    expect(await page.locator('.message .text').textContent()).toBe(text)
    expect(await page.locator('.message img').count()).toBe(0)
    expect(complaints).toEqual([])
  })

  test('the keyboard is enough', async () => {
    const { url } = await openSite({ width: 0 })
    const { page } = await open(url)
    await page.getByLabel('Phone number').focus()
    await page.keyboard.type('+34612345678')
    await page.keyboard.press('Tab')
    await page.keyboard.type('typed')
    await page.keyboard.press('Control+Enter')
    await shows(page, 'typed', 'Queued')
    expect(await page.locator('#announcer').textContent()).toBe('Message to +34612345678: Queued')
  })

  test('without JavaScript a message is taken all the same', async () => {
    const { url, service } = await openSite({ width: 0 })
    const context = await (await openContext()).browser()!.newContext({ javaScriptEnabled: false })
    const page = await context.newPage()
    await page.goto(url)
    await write(page, '+34612345678', 'plain')
    await page.waitForURL('**/messages')
    expect(await service.queue.counts()).toMatchObject({ pending: 1 })
    await context.close()
  })
})
