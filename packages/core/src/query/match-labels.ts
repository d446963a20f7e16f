import { linearRegex } from './linear-regex.ts'
import { QueryError } from './query-error.ts'

/** As in PromQL: patterns match the whole value, and a label that is not there has the value ''. */
export interface Matcher {
  readonly label: string
  readonly is: '=' | '!=' | '=~' | '!~'
  readonly value: string
}

const maxMatchers = 32

/** One test for all matchers together. @throws QueryError `bad-query` */
export const matchLabels = (
  matchers: readonly Matcher[],
): ((labelOf: (label: string) => string) => boolean) => {
  if (matchers.length > maxMatchers)
    throw new QueryError('bad-query', `a query may have ${maxMatchers} matchers, this has ${matchers.length}`)
  const tests = matchers.map(({ label, is, value }) => {
    if (is === '=' || is === '!=')
      return { label, accepts: (text: string) => (text === value) === (is === '=') }
    if (is !== '=~' && is !== '!~')
      throw new QueryError('bad-query', `a matcher is one of =, !=, =~, !~, not ${JSON.stringify(is)}`)
    const matches = linearRegex(value)
    return { label, accepts: (text: string) => matches(text) === (is === '=~') }
  })
  return (labelOf) => tests.every(({ label, accepts }) => accepts(labelOf(label)))
}
