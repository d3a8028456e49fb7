import { type LoadResult, loadConfig } from '../config.ts'
import { changesBetween, changeText } from './changes.ts'
import { type ConfigFlags, dataFolder, type Environment } from './environment.ts'
import { configFile } from './file.ts'
import { type LastGood, readLastGood } from './last-good.ts'
import { parseConfig } from './parse.ts'
import { eachLeaf, pathText } from './path.ts'
import { problemText } from './problem.ts'
import { references } from './secrets.ts'

export interface CommandInputs {
  readonly environment: Environment
  readonly flags: ConfigFlags
  /** Takes one line, without its end. */
  readonly print: (line: string) => void
}

/** `sekisho check [FILE]`: says everything that is wrong, or what would change against what ran last. Returns the exit code. */
export async function checkCommand({ environment, flags, print }: CommandInputs): Promise<0 | 1> {
  const file = configFile(flags, environment)
  const loaded = await loadConfig({ file, environment, flags })
  if (loaded.kind === 'refused') return printProblems(loaded, print)
  print(loaded.source.kind === 'none' ? `there is no ${file.path}: the defaults are valid` : `${file.path} is valid`)
  const last = await readLastGood(dataFolder(flags, environment))
  if (last === undefined) {
    print('nothing has run from this data folder yet, so there is nothing to compare with')
    return 0
  }
  const before = parseConfig({ text: last.text, name: 'last good configuration', environment, flags })
  // A newer version may refuse a field that an older one took: then there is nothing to compare value by value.
  if (before.config === undefined || before.problems.length > 0) {
    print(`the configuration that ran last (${about(last)}) is not valid for this version`)
    return 0
  }
  const changes = changesBetween(before.config, loaded.config)
  print(
    changes.length === 0
      ? `nothing changes against what ran last (${about(last)})`
      : `changes against what ran last (${about(last)}):`,
  )
  for (const change of changes) print(`  ${changeText(change)}`)
  return 0
}

/** `sekisho config`: every value that would run, and where it comes from. Returns the exit code. */
export async function configCommand({ environment, flags, print }: CommandInputs): Promise<0 | 1> {
  const file = configFile(flags, environment)
  const loaded = await loadConfig({
    file,
    environment,
    flags,
    lastGood: await readLastGood(dataFolder(flags, environment)),
  })
  if (loaded.kind === 'refused') return printProblems(loaded, print)
  for (const problem of loaded.rejected?.problems ?? []) print(`# refused: ${problemText(problem)}`)
  const secret = new Map(
    references(loaded.config).map(({ path, reference }) => [pathText(path), `[secret] from ${reference}`]),
  )
  eachLeaf(loaded.config, (path, leaf) => {
    const text = pathText(path)
    print(`${text} = ${secret.get(text) ?? JSON.stringify(leaf)}  # ${loaded.origins.get(text) ?? 'default'}`)
  })
  return 0
}

const about = ({ revision, at }: LastGood): string => `revision ${revision}, ${at}`

function printProblems({ problems }: Extract<LoadResult, { kind: 'refused' }>, print: (line: string) => void): 1 {
  for (const problem of problems) print(problemText(problem))
  print(problems.length === 1 ? '1 problem' : `${problems.length} problems`)
  return 1
}
