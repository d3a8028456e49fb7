import {
  organisationsCreate,
  organisationsList,
  projectsArchive,
  projectsCreate,
  projectsList,
  teamsArchive,
  teamsCreate,
  teamsList,
} from '../../core/admin/tenants.ts'
import { Fault } from '../../core/fault.ts'
import { DEFAULT_ORGANISATION } from '../../core/owner.ts'
import { reaches } from '../../core/rights.ts'
import {
  archiveProject,
  archiveTeam,
  findProject,
  findTeam,
  insertOrganisation,
  insertProject,
  insertTeam,
  isOrganisation,
  listOrganisations,
  listProjects,
  listTeams,
  type OrganisationTable,
  type ProjectTable,
  type TeamTable,
} from '../store/tenants.sql.ts'
import { pageOf } from './page.ts'
import { forbidden } from './permission.ts'
import { newId } from './secret.ts'
import { type Context, served } from './served.ts'

export const tenantActions = [
  served(organisationsCreate, async ({ name }, { sql, now, random }) => {
    const row = await insertOrganisation(sql, { id: newId(random), name, created_at: now })
    if (row === undefined) throw nameTaken('an organisation')
    return organisationView(row)
  }),

  served(organisationsList, async ({ limit, cursor }, { sql, organisation }) => {
    const ids = organisation === null ? null : [organisation]
    const rows = await listOrganisations(sql, { ids, cursor, limit: limit + 1 })
    return pageOf(rows, { limit, cursorOf: ({ id }) => id, view: organisationView })
  }),

  served(teamsCreate, async ({ name }, context) => {
    const { sql, now, random } = context
    const organisation_id = await organisationFor(context)
    const row = await insertTeam(sql, { id: newId(random), organisation_id, name, created_at: now })
    if (row === undefined) throw nameTaken('a team')
    return teamView(row)
  }),

  served(teamsList, async ({ limit, cursor }, { sql }) => {
    const rows = await listTeams(sql, { cursor, limit: limit + 1 })
    return pageOf(rows, { limit, cursorOf: ({ id }) => id, view: teamView })
  }),

  served(teamsArchive, async ({ id }, { sql, now, found }) => {
    found(teamView(await findTeam(sql, id)))
    return teamView(await archiveTeam(sql, { id, now }))
  }),

  served(projectsCreate, async ({ name, team }, context) => {
    const { sql, now, random, reach } = context
    const organisation_id = await organisationFor(context)
    const place = await placeFor(context, { organisationId: organisation_id, team, project: undefined })
    if (!reaches(reach, place)) throw forbidden()
    const row = await insertProject(sql, {
      id: newId(random),
      organisation_id,
      team_id: place.teamId,
      name,
      created_at: now,
    })
    if (row === undefined) throw nameTaken('a project')
    return projectView(row)
  }),

  served(projectsList, async ({ limit, cursor }, { sql }) => {
    const rows = await listProjects(sql, { cursor, limit: limit + 1 })
    return pageOf(rows, { limit, cursorOf: ({ id }) => id, view: projectView })
  }),

  served(projectsArchive, async ({ id }, { sql, now, found, reach }) => {
    const before = await findProject(sql, id)
    found(projectView(before))
    const place = before && { organisationId: before.organisation_id, teamId: before.team_id, projectId: before.id }
    if (place === undefined || !reaches(reach, place)) throw forbidden()
    return projectView(await archiveProject(sql, { id, now }))
  }),
]

/**
 * The organisation in which something new is made: the one that the call is for, or for an operator who names none the one that every
 * installation has. Throws `not_found` when there is none, or it is archived.
 */
export async function organisationFor({ sql, organisation }: Pick<Context, 'sql' | 'organisation'>): Promise<string> {
  const id = organisation ?? DEFAULT_ORGANISATION
  if (!(await isOrganisation(sql, id))) throw new Fault('not_found', 'There is no organisation of this id')
  return id
}

/** Where something new stands. A project brings its team along. Throws a `bad_request` that names what is not there, or is archived. */
export async function placeFor(
  { sql }: Pick<Context, 'sql'>,
  asked: {
    readonly organisationId: string
    readonly team: string | undefined
    readonly project: string | undefined
  },
): Promise<{ readonly organisationId: string; readonly teamId: string | null; readonly projectId: string | null }> {
  const { organisationId } = asked
  const isHere = (row: TeamTable | undefined) => row?.organisation_id === organisationId && row.archived_at === null
  const team = asked.team === undefined ? undefined : await findTeam(sql, asked.team)
  if (asked.team !== undefined && !isHere(team)) throw nothing('team')
  if (asked.project === undefined) return { organisationId, teamId: asked.team ?? null, projectId: null }
  const project = await findProject(sql, asked.project)
  if (project === undefined || !isHere(project)) throw nothing('project')
  if (asked.team !== undefined && project.team_id !== asked.team)
    throw new Fault('bad_request', 'team: the project is not in this team', { field: 'team' })
  return { organisationId, teamId: project.team_id, projectId: project.id }
}

const nothing = (field: string) =>
  new Fault('bad_request', `${field}: there is no ${field} of this id in the organisation`, { field })

const nameTaken = (what: string) => new Fault('conflict', `There is ${what} of this name already`, { field: 'name' })

const organisationView = ({ id, name, created_at, archived_at }: OrganisationTable) => ({
  id,
  name,
  createdAt: created_at.toISOString(),
  archivedAt: archived_at?.toISOString() ?? null,
})

function teamView(row: TeamTable | undefined) {
  if (row === undefined) throw new Fault('not_found', 'There is no team of this id')
  return { ...organisationView(row), organisation: row.organisation_id }
}

function projectView(row: ProjectTable | undefined) {
  if (row === undefined) throw new Fault('not_found', 'There is no project of this id')
  return { ...teamView(row), team: row.team_id }
}
