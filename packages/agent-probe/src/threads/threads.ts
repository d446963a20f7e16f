/** What is loaded when an agent starts its first worker thread, and in each worker thread. */
export { createThreads } from './absorb-threads.ts'
export { watchOwnThread } from './watch-own-thread.ts'
