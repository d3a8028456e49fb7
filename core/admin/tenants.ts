import * as z from 'zod'
import { action } from '../action.ts'
import { displayName, inOrganisation, instant, pageInput, pageOf, publicId } from './fields.ts'

/** Organisations, and the teams and projects in them. */

const organisation = z.object({
  id: publicId,
  name: z.string(),
  createdAt: instant,
  archivedAt: instant.nullable(),
})
const team = organisation.extend({ organisation: publicId })
const project = team.extend({ team: publicId.nullable().describe('Null: of the organisation itself') })

export const organisationsCreate = action({
  name: 'organisations.create',
  method: 'POST',
  path: '/organisations',
  permission: 'operator',
  summary: 'Make an organisation, whose keys, members and usage no other one sees.',
  input: z.strictObject({ name: displayName }),
  output: organisation,
  changes: true,
})

export const organisationsList = action({
  name: 'organisations.list',
  method: 'GET',
  path: '/organisations',
  permission: 'organisation:read',
  narrows: true,
  summary: 'List the organisations that you are in; for an operator, all of them.',
  input: z.strictObject({ ...inOrganisation, ...pageInput }),
  output: pageOf(organisation),
  changes: false,
})

export const teamsCreate = action({
  name: 'teams.create',
  method: 'POST',
  path: '/teams',
  permission: 'organisation:write',
  summary: 'Make a team in an organisation.',
  input: z.strictObject({ ...inOrganisation, name: displayName }),
  output: team,
  changes: true,
})

export const teamsList = action({
  name: 'teams.list',
  method: 'GET',
  path: '/teams',
  permission: 'organisation:read',
  narrows: true,
  summary: 'List teams, newest first.',
  input: z.strictObject({ ...inOrganisation, ...pageInput }),
  output: pageOf(team),
  changes: false,
})

export const teamsArchive = action({
  name: 'teams.archive',
  method: 'POST',
  path: '/teams/:id/archive',
  permission: 'organisation:write',
  summary: 'Archive a team: nothing new can be made in it, and what it used stays on record.',
  input: z.strictObject({ ...inOrganisation, id: publicId }),
  output: team,
  changes: true,
})

export const projectsCreate = action({
  name: 'projects.create',
  method: 'POST',
  path: '/projects',
  permission: 'organisation:write',
  narrows: true,
  summary: 'Make a project, in a team or in the organisation itself.',
  input: z.strictObject({
    ...inOrganisation,
    name: displayName,
    team: publicId.optional().describe('Id of the team; of the organisation itself when left out'),
  }),
  output: project,
  changes: true,
})

export const projectsList = action({
  name: 'projects.list',
  method: 'GET',
  path: '/projects',
  permission: 'organisation:read',
  narrows: true,
  summary: 'List projects, newest first.',
  input: z.strictObject({ ...inOrganisation, ...pageInput }),
  output: pageOf(project),
  changes: false,
})

export const projectsArchive = action({
  name: 'projects.archive',
  method: 'POST',
  path: '/projects/:id/archive',
  permission: 'organisation:write',
  narrows: true,
  summary: 'Archive a project: nothing new can be made in it, and what it used stays on record.',
  input: z.strictObject({ ...inOrganisation, id: publicId }),
  output: project,
  changes: true,
})
