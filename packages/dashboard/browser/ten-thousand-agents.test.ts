import { expect, it } from 'vitest'
import { describeInBrowser } from './open-page.ts'

describeInBrowser('ten thousand agents', ({ open }) => {
  it('are a list of which only what is in sight exists', async () => {
    const { page, complaints } = await open({ agents: 10_000, share: 0.1 })
    const rows = page.locator('tbody tr')
    await page.locator('.agent-row').first().waitFor()
    expect(await rows.count()).toBeLessThan(60)
    expect(await page.locator('.agent-table').getAttribute('aria-rowcount')).toBe('10006')

    await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight))
    await page.locator('tr[aria-rowindex="10006"]').waitFor()
    expect(await rows.count()).toBeLessThan(60)
    expect(await page.evaluate(() => document.querySelectorAll('*').length)).toBeLessThan(2500)
    expect(complaints).toEqual([])
  })

  it('are found by filtering, and sorted by any column', async () => {
    const { page } = await open({ agents: 10_000, share: 0.1 })
    await page.keyboard.press('/')
    await page.keyboard.type('status:error')
    await page.getByText('1 of 10,000').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'CPU' }).click()
    await page.locator('th[aria-sort="descending"]', { hasText: 'CPU' }).waitFor()
    expect(await page.evaluate(() => location.hash)).toBe('#sort=cpu&order=down')
  })
})
