import { expect, it } from 'vitest'
import { describeInBrowser } from './open-page.ts'

describeInBrowser('the page under a strict content policy', ({ open }) => {
  it('loads, goes live and draws charts without a complaint', async () => {
    const { page, complaints } = await open()
    await page.locator('.agent-row').first().click()
    await page.locator('.chart canvas').nth(6).waitFor()
    expect(await page.locator('.chart canvas').count()).toBe(7)
    expect(complaints).toEqual([])
  })

  it('shows new values as they come', async () => {
    const { page } = await open()
    const clock = page.locator('.last-update')
    const before = await clock.textContent()
    await page.waitForFunction((old) => document.querySelector('.last-update')?.textContent !== old, before)
  })

  it('goes on without stored history and says so', async () => {
    const { page, fake } = await open()
    fake.breakHistory(true)
    await page.locator('.agent-row').first().click()
    await page.getByText('Stored history could not be read: The store cannot be read.').waitFor()
    await page.locator('.chart canvas').first().waitFor()
  })

  it('tells how to add the first agent', async () => {
    const { page, complaints } = await open({ scenario: 'empty' })
    await page.getByText('node --import @perfmon/agent-probe agent.js').waitFor()
    await page.getByText('OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318').waitFor()
    expect(complaints).toEqual([])
  })

  it('says of a linked agent that is not listed that it is not', async () => {
    const { page } = await open({ hash: '#agent=nobody' })
    await page.getByText('No agent with this id is listed.').waitFor()
  })
})
