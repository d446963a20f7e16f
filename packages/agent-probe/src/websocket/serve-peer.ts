import type { WebSocket } from 'ws'
import { limitRate } from './limit-rate.ts'
import type { MessageAnswers } from './message-answers.ts'

const requestsPerSecond = 20
/**
 * Beyond the protocol's 4 KiB, so that a message somewhat too long can be answered by a clear error; beyond
 * this the connection is closed with code 1009 before the message is in memory.
 */
export const maxPayloadBytes = 16 * 1024
/** A peer that does not read its answers is let go: more than the longest of them. */
const maxUnsentBytes = 256 * 1024

/**
 * Answers the messages of one connection, whoever opened it. `mayAct`: whether this peer is one that actions may
 * be taken for; everybody gets metrics.
 */
export const servePeer = ({
  peer,
  answers,
  mayAct,
}: {
  peer: WebSocket
  answers: MessageAnswers
  mayAct: boolean
}): void => {
  const mayPass = limitRate(requestsPerSecond)
  const send = (answer: object) => {
    if (peer.bufferedAmount > maxUnsentBytes) peer.terminate()
    else peer.send(JSON.stringify(answer), () => {})
  }
  const giveUp = () => peer.terminate()
  // Also a message over the limit or an invalid frame: `ws` closes the connection with its code.
  peer.on('error', () => {})
  peer.on('message', (message: Buffer, isBinary) => {
    try {
      if (!mayPass(performance.now())) {
        const text = `At most ${requestsPerSecond} requests per second and connection`
        send({ type: 'error', code: 'rate-limited', message: text })
        return
      }
      const answer = answers.to({ message, isBinary, mayAct })
      if (answer instanceof Promise) answer.then(send).catch(giveUp)
      else send(answer)
    } catch {
      giveUp()
    }
  })
}
