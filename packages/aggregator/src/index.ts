export { type Aggregator, type AggregatorOptions, startAggregator } from './app.ts'
export {
  type Configuration,
  ConfigurationError,
  type Environment,
  readConfiguration,
} from './configuration.ts'
export { backupStore } from './store/maintain/backup-store.ts'
export { checkStore } from './store/maintain/check-store.ts'
export { exportStore } from './store/maintain/export-store.ts'
export { importStore } from './store/maintain/import-store.ts'
export { repairStore } from './store/maintain/repair-store.ts'
export { StoreError } from './store/store.ts'
export { ListenError } from './system/listen.ts'
export { version } from './version.ts'
