// All that needs `ws`, in one file of the bundle: loaded where the agent listens or dials out.
export { startDialOut } from './dial-out.ts'
export { listenForMetricsRequests } from './listen-for-metrics-requests.ts'
export { createMessageAnswers } from './message-answers.ts'
