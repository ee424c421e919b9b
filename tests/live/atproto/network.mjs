// A Bluesky network on loopback: directory (PLC), host (PDS), sync service and AppView.
// Ports and databases come from the environment. When everything answers, one JSON object of
// addresses is written to READY_FILE. It runs until SIGTERM.
import { renameSync, writeFileSync } from 'node:fs'
import devEnv from '@atproto/dev-env'

const { TestBsky, TestBsync, TestPds, TestPlc, mockNetworkUtilities } = devEnv

function required(name) {
  const value = process.env[name]
  if (!value) throw new Error(`${name} must be set; bluesky_network.py sets it`)
  return value
}

const port = (name) => Number(required(name))
const dbUrl = required('DATABASE_URL')
const syncKey = 'between-appview-and-sync'
const pdsPort = port('PDS_PORT')

const plc = await TestPlc.create({ port: port('PLC_PORT') })
const sync = await TestBsync.create({
  port: port('SYNC_PORT'),
  apiKeys: [syncKey],
  dbUrl,
  dbSchema: 'sync',
})
const appview = await TestBsky.create({
  port: port('APPVIEW_PORT'),
  publicUrl: `http://localhost:${port('APPVIEW_PORT')}`,
  plcUrl: plc.url,
  pdsPort,
  repoProvider: `ws://localhost:${pdsPort}`,
  bsyncUrl: sync.url,
  bsyncApiKey: syncKey,
  dbPostgresUrl: dbUrl,
  dbPostgresSchema: 'appview',
  redisHost: required('REDIS_ADDRESS'),
})
sync.ctx.dataplaneClients = [appview.ctx.dataplane]
const pds = await TestPds.create({
  port: pdsPort,
  hostname: 'localhost',
  didPlcUrl: plc.url,
  bskyAppViewUrl: appview.url,
  bskyAppViewDid: appview.ctx.cfg.serverDid,
  enableDidDocWithSession: true,
  rateLimitsEnabled: true,
})
// Handles end in .test, which no DNS knows: let both sides ask the PDS instead.
mockNetworkUtilities(pds, appview)

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, async () => {
    for (const server of [appview, sync, pds, plc]) await server.close().catch(() => {})
    process.exit(0)
  })
}

// Renamed into place, so that nobody reads half a file.
const ready = required('READY_FILE')
writeFileSync(`${ready}.part`, JSON.stringify({ pds: pds.url, appview: appview.url, plc: plc.url }))
renameSync(`${ready}.part`, ready)
