import { expect, it } from 'vitest'
import { describeInBrowser } from './open-page.ts'

describeInBrowser('names that attack the page', ({ open }) => {
  it('are shown as text, shortened, and do nothing', async () => {
    const { page, complaints } = await open({ scenario: 'hostile', agents: 12 })
    await page.locator('.agent-row').nth(11).waitFor()
    const links = page.locator('.agent-row a')
    for (let index = 0; index < 12; index++) {
      await links.nth(index).click()
      await page.locator('.chart canvas').first().waitFor()
      expect(await page.locator('#drawer-title').textContent()).not.toBe('')
    }
    const longest = await page.evaluate(() => {
      const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
      let most = 0
      while (texts.nextNode()) most = Math.max(most, texts.currentNode.textContent?.length ?? 0)
      return most
    })
    expect(longest).toBeLessThanOrEqual(800)
    expect(await page.locator('#page img, #page script, #page i, #page b').count()).toBe(0)
    expect(await page.evaluate(() => 'attacked' in window)).toBe(false)
    expect(complaints).toEqual([])
  })

  it('in the address are only an agent that is not listed', async () => {
    const hash = `#agent=${encodeURIComponent('<img src=x onerror="window.attacked=true">')}&filter=%3Cscript%3E`
    const { page } = await open({ hash })
    await page.getByText('No agent with this id is listed.').waitFor()
    expect(await page.evaluate(() => 'attacked' in window)).toBe(false)
  })
})
