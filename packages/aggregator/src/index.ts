export { type Aggregator, type AggregatorOptions, startAggregator } from './app.ts'
export {
  type Configuration,
  ConfigurationError,
  type Environment,
  readConfiguration,
} from './configuration.ts'
export { StoreError } from './store/store.ts'
export { ListenError } from './system/listen.ts'
export { version } from './version.ts'
