import type { Page } from 'playwright-core'
import { Permanent } from '@potoroo/queue'
import { expect, test } from 'vitest'
import { CarrierError } from '../src/carrier/carrier.ts'
import { describeInBrowser, openContext, openSite } from './support/browser.ts'
import { ADMIN, NUMBER, type TestService } from './support/service.ts'

const receipt = { sid: 'SM1', status: 'queued' }

async function open(url: string): Promise<Page> {
  const page = await (await openContext()).newPage()
  await page.goto(`${url}/admin?token=${ADMIN}`)
  await page.getByText('Live', { exact: true }).waitFor()
  return page
}

const row = (page: Page, text: string) => page.getByRole('row').filter({ hasText: text })
const tile = (page: Page, label: string) => page.getByRole('button', { name: new RegExp(`^\\d+ ${label}$`) })

/** Waits until the queue stands so. */
async function until(service: TestService['service'], expected: object): Promise<void> {
  await expect.poll(() => service.queue.status()).toMatchObject(expected)
}

describeInBrowser('the admin page', () => {
  test('it asks for the token, and then keeps it out of the address', async () => {
    const { url } = await openSite()
    const page = await (await openContext()).newPage()
    expect((await page.goto(`${url}/admin`))?.status()).toBe(401)
    await page.goto(`${url}/admin?token=${ADMIN}`)
    await page.getByText('Live', { exact: true }).waitFor()
    expect(page.url()).not.toContain(ADMIN)
  })

  test('counts and messages are live', async () => {
    const { url, send, carrier } = await openSite({ width: 1 })
    const page = await open(url)
    await page.getByText('No message is pending.').waitFor()
    await send('first of all')
    await send('then this')
    await row(page, 'then this').waitFor()
    expect(await row(page, 'first of all').count()).toBe(0)
    await tile(page, 'Underway').click()
    await row(page, 'first of all').getByText('Underway').waitFor()
    const { receipt: first } = await carrier.next()
    first.callback(receipt)
    await row(page, 'then this').waitFor()
    await tile(page, 'Sent').click()
    await row(page, 'first of all').getByText(NUMBER).waitFor()
    await page.reload()
    await row(page, 'first of all').waitFor()
  })

  test('width and rate change at once', async () => {
    const { url, service, send, carrier } = await openSite({ width: 0 })
    await send()
    const page = await open(url)
    await page.getByText('Width is 0: nothing starts').waitFor()
    await page.getByRole('button', { name: 'One more at once' }).click()
    await carrier.next()
    const width = page.getByLabel('Sent at once, at most')
    await width.fill('20')
    await width.press('Enter')
    await until(service, { width: 20, rate: null })
    await page.getByLabel('In which time').selectOption('per minute')
    await until(service, { rate: { limit: 10, per: 60_000 } })
    const limit = page.getByLabel('Number of starts')
    await limit.fill('7')
    await limit.press('Enter')
    await until(service, { rate: { limit: 7, per: 60_000 } })
    await page.getByLabel('In which time').selectOption('without limit')
    await until(service, { rate: null })
    await width.fill('-3')
    await width.press('Enter')
    await page.getByRole('button', { name: 'One fewer at once' }).click()
    await until(service, { width: 19 })
    // Changed elsewhere, seen here.
    await service.queue.setRate({ limit: 3, per: 5_000 })
    await expect.poll(() => limit.inputValue()).toBe('3')
    expect(await page.getByLabel('In which time').locator('option:checked').textContent()).toBe('per 5 s')
  })

  test('pause and resume', async () => {
    const { url, service } = await openSite()
    const page = await open(url)
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByText('Paused').waitFor()
    await until(service, { paused: true })
    await page.getByRole('button', { name: 'Resume' }).click()
    await page.getByText('Running').waitFor()
    await until(service, { paused: false })
  })

  test('messages are moved, cancelled and retried', async () => {
    const { url, send, service, carrier } = await openSite({ width: 0 })
    for (const text of ['one', 'two', 'three']) await send(text)
    const page = await open(url)
    const texts = () => page.locator('tbody .text').allTextContents()
    await expect.poll(texts).toEqual(['one', 'two', 'three'])
    const priority = row(page, 'three').getByRole('spinbutton')
    await priority.fill('-1')
    await priority.press('Enter')
    await expect.poll(texts).toEqual(['three', 'one', 'two'])
    await row(page, 'one').getByRole('button', { name: 'Cancel' }).click()
    await expect.poll(texts).toEqual(['three', 'two'])

    await service.queue.setWidth(1)
    const { sms, receipt: three } = await carrier.next()
    expect(sms.text).toBe('three')
    three.errback(new Permanent(new CarrierError('21211', `${NUMBER} is no number`)))
    await tile(page, 'Failed').click()
    await row(page, 'three').getByText(`${NUMBER} is no number (21211)`).waitFor()
    await service.queue.setWidth(0)
    await row(page, 'three').getByRole('button', { name: 'Retry' }).click()
    await page.getByText('No message is failed.').waitFor()
    await tile(page, 'Pending').click()
    await row(page, 'three').waitFor()
  })

  test('clearing asks first', async () => {
    const { url, send, service } = await openSite({ width: 0 })
    for (let i = 0; i < 3; i++) await send()
    const page = await open(url)
    await page.getByRole('button', { name: 'Cancel all pending' }).click()
    await page.getByText('3 messages will not be sent.').waitFor()
    await page.getByRole('button', { name: 'Keep them' }).click()
    await page.getByRole('button', { name: 'Cancel all pending' }).click()
    await page.keyboard.press('Escape')
    await until(service, { counts: { pending: 3, cancelled: 0 } })
    await page.getByRole('button', { name: 'Cancel all pending' }).click()
    await page.getByRole('button', { name: 'Cancel them' }).click()
    await until(service, { counts: { pending: 0, cancelled: 3 } })
  })

  test('long lists come in pages', async () => {
    const { url, service } = await openSite({ width: 0 })
    await service.queue.putMany(Array.from({ length: 60 }, (_, i) => ({ arg: { to: NUMBER, text: `message ${i}` } })))
    const page = await open(url)
    await row(page, 'message 24').waitFor()
    expect(await page.locator('tbody tr').count()).toBe(25)
    await page.getByRole('button', { name: 'Next page' }).click()
    await row(page, 'message 49').waitFor()
    await page.getByRole('button', { name: 'Next page' }).click()
    await row(page, 'message 59').waitFor()
    expect(await page.locator('tbody tr').count()).toBe(10)
    expect(await page.getByRole('button', { name: 'Next page' }).isDisabled()).toBe(true)
    await page.getByRole('button', { name: 'To the first' }).click()
    await page.getByText('message 0', { exact: true }).waitFor()
  })

  test('what goes wrong is said, and text is never HTML', async () => {
    const { url, send, service } = await openSite({ width: 0 })
    const id = await send('<b>bold</b>')
    const page = await open(url)
    await row(page, '<b>bold</b>').waitFor()
    await page.route('**/api/queues/sms/jobs/*', async (route) => {
      await service.queue.cancel(id)
      await route.continue()
    })
    await row(page, '<b>bold</b>').getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('alert').getByText('cannot be cancelled').waitFor()
  })
})
