/** Longest name of a model, agent or tool that becomes an attribute. */
const maxLength = 100

const unprintable = /[\p{Cc}\p{Cf}\p{Cs}]/gu

/** A name that somebody else chose, fit for an attribute; absent when it is no text or empty. */
export const boundedName = (name: unknown): string | undefined => {
  if (typeof name !== 'string' || name === '') return undefined
  const cut = name.length > maxLength ? name.slice(0, maxLength) : name
  const plain = cut.replace(unprintable, '').trim()
  return plain === '' ? undefined : plain
}
