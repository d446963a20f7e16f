import { expect, test } from 'vitest'
import { type BodyListener, tapResponse } from './tap-response.ts'

type Body = ReadableStream<Uint8Array>

/** Copies as undici 8 does: by a `tee` that is nobody's method. */
const answerOf = (body: Body): Response => {
  const answer = {
    body,
    clone() {
      const [own, other] = ReadableStream.prototype.tee.call(answer.body) as [Body, Body]
      answer.body = own
      return answerOf(other)
    },
  }
  return answer as unknown as Response
}

const listen = () => {
  const told: string[] = []
  const listener: BodyListener = {
    chunk: (bytes) => told.push(new TextDecoder().decode(bytes)),
    ended: () => told.push('ended'),
    cancelled: () => told.push('cancelled'),
    failed: () => told.push('failed'),
  }
  return { told, listener }
}

const read = async (response: Response) => {
  for await (const chunk of response.body!) void chunk
}

const uses: Record<string, (response: Response) => Promise<unknown>> = {
  'the copy': (response) => read(response.clone()),
  'what was copied': async (response) => {
    response.clone()
    await read(response)
  },
  both: (response) => Promise.all([read(response.clone()), read(response)]),
  'the copy of a copy': (response) => read(response.clone().clone()),
  'the second copy': async (response) => {
    response.clone()
    await read(response.clone())
  },
}

test.each(Object.entries(uses))('an answer is heard once when the agent reads %s', async (_, use) => {
  const { told, listener } = listen()
  const body: Body = new ReadableStream({
    start(controller) {
      for (const text of ['one', 'two']) controller.enqueue(new TextEncoder().encode(text))
      controller.close()
    },
  })
  const response = answerOf(body)
  tapResponse(response, body, listener)
  await use(response)
  expect(told).toEqual(['one', 'two', 'ended'])
})
