import { expect, it } from 'vitest'
import { describeInBrowser } from './open-page.ts'

describeInBrowser('the keyboard', ({ open }) => {
  it('filters, walks the rows, opens one, and gets its place back', async () => {
    const { page } = await open({ agents: 300 })
    const focused = () =>
      page.evaluate(() => document.activeElement?.closest('tr')?.getAttribute('aria-rowindex'))
    await page.locator('.agent-row a').first().focus()
    for (let step = 0; step < 60; step++) {
      const before = await focused()
      await page.keyboard.press(step % 2 === 0 ? 'j' : 'ArrowDown')
      await page.waitForFunction((old) => {
        const now = document.activeElement?.closest('tr')?.getAttribute('aria-rowindex')
        return now !== old && now !== undefined
      }, before)
    }
    expect(await focused()).toBe('63')
    const id = await page.evaluate(() => document.activeElement?.getAttribute('href'))
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    expect(await page.evaluate(() => location.hash)).toBe(id)
    expect(await page.evaluate(() => document.activeElement?.className)).toContain('drawer')
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    expect(await focused()).toBe('63')
  })

  it('leaves letters alone where they are typed, and where they were switched off', async () => {
    const { page } = await open()
    await page.keyboard.press('/')
    await page.keyboard.type('p/p')
    expect(await page.locator('#agent-filter').inputValue()).toBe('p/p')
    await page.keyboard.press('Escape')
    expect(await page.locator('#agent-filter').inputValue()).toBe('')
    await page.keyboard.press('Escape')
    await page.keyboard.press('?')
    await page.getByLabel('Single-letter keys work').uncheck()
    await page.keyboard.press('Escape')
    await page.keyboard.press('p')
    expect(await page.getByRole('button', { name: 'Pause' }).count()).toBe(1)
  })

  it('remembers the theme', async () => {
    const { page } = await open({ colours: 'light' })
    await page.getByLabel('Dark colours').check()
    await page.reload()
    await page.locator('html[data-theme="dark"]').waitFor()
    expect(await page.getByLabel('Dark colours').isChecked()).toBe(true)
  })
})
