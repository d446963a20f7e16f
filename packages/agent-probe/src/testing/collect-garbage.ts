import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

/** Bytes that are really held: typed arrays live outside V8's heap. */
export const heldBytes = async (): Promise<number> => {
  for (let times = 0; times < 3; times++) {
    gc()
    // What is let go by promises and finalizers goes with the next turn.
    await new Promise(setImmediate)
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
