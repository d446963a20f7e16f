import { expect, it } from 'vitest'
import { describeInBrowser } from './open-page.ts'

describeInBrowser('a connection that breaks', ({ open }) => {
  it('is said to be lost, greys the data, and comes back with a fresh snapshot', async () => {
    const { page, fake } = await open()
    await page.locator('.agent-row').first().waitFor()
    fake.refuse(true)
    fake.dropConnections()
    await page.getByText('Connection lost.').waitFor()
    expect(await page.locator('main.stale').count()).toBe(1)
    expect(await page.title()).toBe('Connection lost · Perfmon')
    // What was last known stays in sight.
    expect(await page.locator('.agent-row').count()).toBeGreaterThan(3)

    fake.refuse(false)
    await page.getByRole('button', { name: 'Try now' }).click()
    await page.getByText('Live', { exact: true }).waitFor()
    expect(await page.locator('main.stale').count()).toBe(0)
    expect(fake.accepted()).toBe(2)
  })

  it('comes back by itself', async () => {
    const { page, fake } = await open()
    fake.dropConnections()
    await page.getByText('Reconnecting', { exact: true }).waitFor()
    await page.getByText('Live', { exact: true }).waitFor()
  })

  it('is stale when it stays open and says nothing', async () => {
    const { page, fake } = await open()
    fake.silence(true)
    await page.getByText('No news from the aggregator.').waitFor()
    expect(await page.locator('main.stale').count()).toBe(1)
  })

  it('asks for a reload when the aggregator speaks another protocol', async () => {
    const { page, fake } = await open()
    fake.send({ type: 'hello', protocol: 99, version: '9', nowMs: 0, updateIntervalMs: 1000 })
    await page.getByText('This page is older than the aggregator.').waitFor()
  })

  it('holds updates while paused and catches up', async () => {
    const { page } = await open()
    const values = page.locator('.agent-row .cell-cpu').first()
    await page.keyboard.press('p')
    const frozen = await values.textContent()
    await page.getByText('3 held').waitFor()
    expect(await values.textContent()).toBe(frozen)
    await page.getByRole('button', { name: 'Resume' }).click()
    await page.getByRole('button', { name: 'Pause' }).waitFor()
  })
})
