/** The servers that tests use and npm does not bring: an older PostgreSQL. Plain JavaScript like prepare.mjs. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'

const versions = '/usr/lib/postgresql'
const aptMsMax = 10 * 60_000

/** True when one can be installed here and is not. Elsewhere its suite says `not run`, and why. */
export const testServersMissing = () =>
  process.getuid?.() === 0 && existsSync('/usr/bin/apt-get') && existsSync('/etc/debian_version') && !hasPostgres()

const hasPostgres = () =>
  existsSync(versions) && readdirSync(versions).some((version) => existsSync(`${versions}/${version}/bin/postgres`))

/** Installs it from the distribution. A failure is told and is no failure of the preparation: the suite will say `not run`. */
export function installTestServers(say) {
  say('installing a PostgreSQL server for the tests ...')
  const updated = apt('update')
  const named = versionsOffered()
  const result = named === undefined ? updated : withoutCluster(() => apt('install', '--no-install-recommends', named))
  if (!hasPostgres()) say(`no PostgreSQL server could be installed: ${lastLine(result)}`)
}

/** The oldest that the gateway supports and the distribution has. */
const versionsOffered = () =>
  [15, 16, 17, 18]
    .map((major) => `postgresql-${major}`)
    .find((name) => spawnSync('apt-cache', ['show', name], { timeout: 60_000 }).status === 0)

/** Debian's package creates and starts a cluster of its own on port 5432; the tests start theirs, and nothing else shall run. */
function withoutCluster(install) {
  const folder = '/etc/postgresql-common/createcluster.d'
  const file = `${folder}/sekisho-tests.conf`
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, 'create_main_cluster = false\n')
  try {
    return install()
  } finally {
    rmSync(file, { force: true })
  }
}

const apt = (...words) =>
  spawnSync('apt-get', ['-qq', '-y', '-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::http::Timeout=20', ...words], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    timeout: aptMsMax,
  })

const lastLine = ({ stderr, stdout }) =>
  (stderr?.trim() || stdout?.trim() || 'apt-get gave no reason').split('\n').at(-1)
