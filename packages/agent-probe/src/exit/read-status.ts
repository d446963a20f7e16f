/** The status of an HTTP/1.1 answer, once its first line has arrived. An exit waits for no more than that. */
export const readStatus = (head: string): number | undefined => {
  const found = /^HTTP\/1\.[01] (\d{3})/.exec(head)
  return found ? Number(found[1]) : undefined
}
