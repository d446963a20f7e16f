import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { describeInBrowser } from './open-page.ts'

/** Violations as `rule: first element`, so that a failure names its place. */
async function violationsOn(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  return page.evaluate(async () => {
    const { axe: loaded } = globalThis as unknown as { axe: typeof axe }
    const { violations } = await loaded.run(document)
    return violations.flatMap(({ id, nodes }) =>
      nodes.slice(0, 3).map((node) => `${id}: ${node.html.slice(0, 160)}`),
    )
  })
}

const modes = [
  { name: 'dark', colours: 'dark', width: 1440 },
  { name: 'light', colours: 'light', width: 1440 },
  { name: 'a phone, dark', colours: 'dark', width: 390 },
  { name: 'a phone, light', colours: 'light', width: 390 },
  { name: 'a small window', colours: 'light', width: 1024 },
] as const

describeInBrowser('accessibility', ({ open }) => {
  for (const { name, colours, width } of modes) {
    it(`has no violation in ${name}, closed and with an agent open`, async () => {
      const { page } = await open({ colours, width, agents: 120 })
      await page.locator('.agent-row').first().waitFor()
      await page.locator('.resolved summary').click()
      expect(await violationsOn(page)).toEqual([])
      await page.locator('.agent-row').first().click()
      await page.locator('.chart canvas').first().waitFor()
      expect(await violationsOn(page)).toEqual([])
    })
  }

  for (const colours of ['dark', 'light'] as const) {
    it(`has no violation when paused, lost, empty, or showing its keys (${colours})`, async () => {
      const { page, fake } = await open({ colours })
      await page.keyboard.press('p')
      expect(await violationsOn(page)).toEqual([])
      await page.keyboard.press('p')
      await page.keyboard.press('?')
      await page.locator('dialog[open]').waitFor()
      expect(await violationsOn(page)).toEqual([])
      await page.keyboard.press('Escape')
      fake.refuse(true)
      fake.dropConnections()
      await page.getByText('Connection lost.').waitFor()
      expect(await violationsOn(page)).toEqual([])
      expect(await violationsOn((await open({ scenario: 'empty', colours })).page)).toEqual([])
    })
  }

  for (const width of [1440, 1024, 820, 390]) {
    it(`does not overflow sideways at ${width} px`, async () => {
      for (const scenario of ['problems', 'hostile'] as const) {
        const { page } = await open({ width, scenario })
        await page.locator('.agent-row').first().click()
        await page.locator('.chart canvas').first().waitFor()
        const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
        expect(await overflow()).toBeLessThanOrEqual(0)
      }
    })
  }
})
