/** What is told of a body that the agent reads. */
export interface BodyListener {
  chunk(bytes: Uint8Array): void
  ended(): void
  cancelled(): void
  failed(error: unknown): void
}

type Body = ReadableStream<Uint8Array>
interface Result {
  readonly done?: boolean | undefined
  readonly value?: unknown
}
/** Both kinds of readers, as far as they are alike. */
interface Reader {
  read(...into: unknown[]): Promise<Result>
  cancel(...reason: unknown[]): Promise<void>
}

const override = (target: object, name: PropertyKey, value: unknown) =>
  Object.defineProperty(target, name, { value, configurable: true, writable: true, enumerable: false })

/**
 * Listens to what the agent reads of a body: by a reader, by iterating, piping or splitting it, or through
 * the methods of its `Response`, which take a reader too. Nothing is read that the agent does not read, and
 * it gets the very chunks and promises' results it would get. Overrides methods of this one stream.
 */
const tapBody = (body: Body, listener: BodyListener): void => {
  const { getReader, tee, pipeThrough, pipeTo, values, cancel } = body

  const heard = <Answer extends Result>(result: Answer): Answer => {
    if (result.value instanceof Uint8Array) listener.chunk(result.value)
    if (result.done) listener.ended()
    return result
  }
  const lost = (error: unknown): never => {
    listener.failed(error)
    throw error
  }

  override(body, 'getReader', (...options: []) => {
    const reader = getReader.apply(body, options) as Reader
    const { read, cancel: cancelReader } = reader
    override(reader, 'read', (...into: unknown[]) => read.apply(reader, into).then(heard, lost))
    override(reader, 'cancel', (...reason: unknown[]) => {
      listener.cancelled()
      return cancelReader.apply(reader, reason)
    })
    return reader
  })

  const iterate = (...options: Parameters<Body['values']>) => {
    const iterator = values.apply(body, options)
    const { next, return: stop } = iterator
    override(iterator, 'next', () => next.call(iterator).then(heard, lost))
    if (stop !== undefined) {
      override(iterator, 'return', (...reason: [unknown?]) => {
        if (options[0]?.preventCancel !== true) listener.cancelled()
        return stop.apply(iterator, reason as [])
      })
    }
    return iterator
  }
  override(body, 'values', iterate)
  override(body, Symbol.asyncIterator, iterate)

  override(body, 'cancel', (...reason: [unknown?]) => {
    if (!body.locked) listener.cancelled()
    return cancel.apply(body, reason)
  })

  // Pipes read past every method: a stage of ours stands between.
  const listening = () =>
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        if (chunk instanceof Uint8Array) listener.chunk(chunk)
        controller.enqueue(chunk)
      },
      flush: () => listener.ended(),
      cancel: (reason: unknown) => {
        // Called for both directions: a connection that breaks is a TypeError, whatever else the agent's wish.
        if (reason instanceof TypeError) listener.failed(reason)
        else listener.cancelled()
      },
    } as ConstructorParameters<typeof TransformStream<Uint8Array, Uint8Array>>[0])
  override(body, 'pipeThrough', (...target: Parameters<Body['pipeThrough']>) =>
    pipeThrough.call(body, listening()).pipeThrough(...target),
  )
  override(body, 'pipeTo', (...target: Parameters<Body['pipeTo']>) => {
    // Refused as it would be: our stage must not lock a body that was used before.
    if (body.locked) return pipeTo.apply(body, target)
    return pipeThrough.call(body, listening()).pipeTo(...target)
  })

  override(body, 'tee', () => {
    const branches = tee.call(body)
    const [one, other] = oneOfTwo(listener)
    tapBody(branches[0], one)
    tapBody(branches[1], other)
    return branches
  })
}

/** For two bodies that give the same: whichever is read first is listened to. */
const oneOfTwo = (listener: BodyListener): readonly [BodyListener, BodyListener] => {
  let chosen: number | undefined
  const forBranch = (branch: number): BodyListener => {
    const mine = () => {
      chosen ??= branch
      return chosen === branch
    }
    return {
      chunk: (bytes) => mine() && listener.chunk(bytes),
      ended: () => mine() && listener.ended(),
      cancelled: () => chosen === branch && listener.cancelled(),
      failed: (error) => mine() && listener.failed(error),
    }
  }
  return [forBranch(0), forBranch(1)]
}

/** The same for an answer with a body, whose copies may be made past its body's methods (undici 8 does). */
export const tapResponse = (response: Response, body: Body, listener: BodyListener): void => {
  tapBody(body, listener)
  watchCopies(response, listener)
}

const watchCopies = (response: Response, given: BodyListener): void => {
  const { clone } = response
  let listener = given
  override(response, 'clone', () => {
    const copy = clone.call(response)
    const [own, other] = [response.body, copy.body]
    // Made by `tee`: both are listened to.
    if (own === null || other === null || Object.hasOwn(own, 'getReader')) return copy
    const [ownListener, otherListener] = oneOfTwo(listener)
    tapBody(own, ownListener)
    tapBody(other, otherListener)
    watchCopies(copy, otherListener)
    listener = ownListener
    return copy
  })
}
