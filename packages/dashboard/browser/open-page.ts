import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { build } from 'vite'
import { afterAll, afterEach, beforeAll, describe } from 'vitest'
import { type FakeAggregator, startFakeAggregator } from '../fake-aggregator/fake-aggregator.ts'

/** Debian's place for it, unless told otherwise. */
const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium'

interface OpenOptions {
  agents?: number
  scenario?: 'problems' | 'well' | 'empty' | 'hostile'
  width?: number
  colours?: 'light' | 'dark'
  hash?: string
  share?: number
}

interface OpenPage {
  page: Page
  fake: FakeAggregator
  /** Console errors, uncaught exceptions and policy violations so far. */
  complaints: string[]
}

export interface PageUnderTest {
  /** Starts an aggregator of its own and opens its page; both end with the test. */
  open(options?: OpenOptions): Promise<OpenPage>
}

/** A suite that drives the freshly built page in a real browser; skipped, and says why, where there is none. */
export function describeInBrowser(name: string, suite: (underTest: PageUnderTest) => void): void {
  if (!existsSync(executablePath)) {
    describe.skip(`${name} (skipped: no browser at ${executablePath}; install chromium or set CHROMIUM)`, () => {
      suite({ open: () => Promise.reject(new Error('no browser')) })
    })
    return
  }
  describe(name, () => {
    let browser: Browser
    let pageDir: string
    const closing: (() => Promise<void>)[] = []

    beforeAll(async () => {
      pageDir = await mkdtemp(join(tmpdir(), 'perfmon-dashboard-'))
      await build({
        root: fileURLToPath(new URL('..', import.meta.url)),
        logLevel: 'error',
        build: { outDir: pageDir, emptyOutDir: true },
      })
      browser = await chromium.launch({
        executablePath,
        args: [
          '--no-sandbox',
          '--disable-gpu',
          '--disable-quic',
          '--no-first-run',
          '--disable-background-networking',
          '--disable-component-update',
          '--disable-sync',
        ],
      })
    })

    // Pages left open would go on drawing beside the next test.
    afterEach(async () => {
      for (const close of closing.splice(0).reverse()) await close()
    })

    afterAll(async () => {
      await browser?.close()
      await rm(pageDir, { recursive: true, force: true })
    })

    suite({
      async open({
        agents = 26,
        scenario = 'problems',
        width = 1440,
        colours = 'dark',
        hash = '',
        share,
      } = {}) {
        const fake = await startFakeAggregator({
          page: pageDir,
          agents,
          scenario,
          updateIntervalMs: 500,
          ...(share === undefined ? {} : { share }),
        })
        closing.push(() => fake.close())
        const phone = width < 700
        const context = await browser.newContext({
          viewport: { width, height: phone ? 844 : 900 },
          colorScheme: colours,
          isMobile: phone,
          hasTouch: phone,
        })
        closing.push(() => context.close())
        const page = await context.newPage()
        const complaints: string[] = []
        page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
        page.on('pageerror', (error) => complaints.push(String(error)))
        await page.goto(fake.url + hash)
        await page.getByText('Live', { exact: true }).waitFor()
        return { page, fake, complaints }
      },
    })
  })
}
