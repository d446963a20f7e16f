import { onTestFinished } from 'vitest'
import type { ComponentProcess } from './component-process.ts'

/** Stops the component when the test is over, however it ended: the last one started goes first. */
export async function stoppedAtEnd<Running extends ComponentProcess>(starting: Promise<Running> | Running) {
  const running = await starting
  onTestFinished(() => running.stop())
  return running
}
