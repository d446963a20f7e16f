export { listenForMetricsRequests } from './websocket/listen-for-metrics-requests.ts'
