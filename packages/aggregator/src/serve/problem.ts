import type { Problem } from '@perfmon/protocol'
import type { Response } from 'express'

/** Answers with an RFC 9457 problem. `code` is what programs go by, `detail` what people read. */
export function sendProblem(
  response: Response,
  status: number,
  code: string,
  title: string,
  detail: string,
): void {
  const problem: Problem = { type: `https://perfmon.dev/problems/${code}`, title, status, detail, code }
  response.status(status).type('application/problem+json').send(JSON.stringify(problem))
}
