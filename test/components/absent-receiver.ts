import { freePorts } from './free-ports.ts'

/** URL of a receiver that is not there: whatever is sent to it is refused at once. */
export async function absentReceiver(): Promise<string> {
  const [port] = await freePorts(1)
  return `http://127.0.0.1:${port}`
}
