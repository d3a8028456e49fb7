import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type Access,
  type Grant,
  holdsIn,
  mayGrant,
  type Place,
  reaches,
  reachOf,
  RIGHTS,
  ROLE_RIGHTS,
  ROLES,
} from './rights.ts'

const id = fc.constantFrom('a', 'b', 'c')
const grants: fc.Arbitrary<Grant> = fc.record({
  organisationId: fc.constantFrom('one', 'two'),
  teamId: fc.option(id),
  projectId: fc.constant(null),
  role: fc.constantFrom(...ROLES),
})
const places: fc.Arbitrary<Place> = fc.record({
  organisationId: fc.constantFrom('one', 'two'),
  teamId: fc.option(id),
  projectId: fc.option(id),
})
const person = (some: Partial<Access> = {}): Access => ({
  kind: 'user',
  id: 'ada',
  name: 'Ada',
  isOperator: false,
  grants: [],
  ...some,
})

test('without a role in an organisation nothing in it is within reach', () => {
  fc.assert(
    fc.property(fc.array(grants), fc.constantFrom(...RIGHTS), places, (given, right, place) => {
      const elsewhere = given.filter(({ organisationId }) => organisationId !== place.organisationId)
      const reach = reachOf(person({ grants: elsewhere }), right, place.organisationId)
      expect(reach).toBeUndefined()
      expect(reaches(reach, place, 'ada')).toBe(false)
    }),
  )
})

test('one more role never takes anything away', () => {
  fc.assert(
    fc.property(fc.array(grants), grants, fc.constantFrom(...RIGHTS), places, (given, more, right, place) => {
      const before = reaches(reachOf(person({ grants: given }), right, place.organisationId), place, 'ada')
      const after = reaches(reachOf(person({ grants: [...given, more] }), right, place.organisationId), place, 'ada')
      expect(after || !before).toBe(true)
    }),
  )
})

test('who gives a role has every right of it there', () => {
  fc.assert(
    fc.property(fc.array(grants), fc.constantFrom(...ROLES), places, (given, role, place) => {
      const giver = person({ grants: given })
      fc.pre(mayGrant(giver, role, place))
      const { organisationId } = place
      for (const right of RIGHTS.filter((one) => ROLE_RIGHTS[role][one] === 'all'))
        expect(reaches(reachOf(giver, right, organisationId), place)).toBe(true)
    }),
  )
})

test('a role in a team reaches what stands in that team, and no further', () => {
  const lead = person({ grants: [{ organisationId: 'one', teamId: 'a', projectId: null, role: 'admin' }] })
  const reach = reachOf(lead, 'keys:write', 'one')
  expect(reaches(reach, { organisationId: 'one', teamId: 'a', projectId: 'x' })).toBe(true)
  expect(reaches(reach, { organisationId: 'one', teamId: 'b', projectId: 'x' })).toBe(false)
  expect(reaches(reach, { organisationId: 'one', teamId: null, projectId: null })).toBe(false)
  expect(mayGrant(lead, 'member', { organisationId: 'one', teamId: 'b', projectId: null })).toBe(false)
  expect(mayGrant(lead, 'owner', { organisationId: 'one', teamId: 'a', projectId: null })).toBe(false)
})

test('a member reaches what is their own, whatever else there is', () => {
  const reach = reachOf(
    person({ grants: [{ organisationId: 'one', teamId: null, projectId: null, role: 'member' }] }),
    'keys:write',
    'one',
  )
  const place = { organisationId: 'one', teamId: 'a', projectId: null }
  expect(reaches(reach, place, 'ada')).toBe(true)
  expect(reaches(reach, place, 'bob')).toBe(false)
  expect(reaches(reach, place, null)).toBe(false)
})

test('a right is held wherever everything is within its reach, and by a member in their own team only', () => {
  fc.assert(
    fc.property(fc.array(grants), fc.constantFrom(...RIGHTS), places, (given, right, place) => {
      const access = person({ grants: given })
      fc.pre(reaches(reachOf(access, right, place.organisationId), place))
      expect(holdsIn(access, right, place)).toBe(true)
    }),
  )
  const member = person({ grants: [{ organisationId: 'one', teamId: 'a', projectId: null, role: 'member' }] })
  const heldIn = (place: Place) => holdsIn(member, 'keys:write', place)
  expect(heldIn({ organisationId: 'one', teamId: 'a', projectId: 'x' })).toBe(true)
  expect(heldIn({ organisationId: 'one', teamId: 'b', projectId: null })).toBe(false)
  expect(heldIn({ organisationId: 'one', teamId: null, projectId: null })).toBe(false)
  expect(heldIn({ organisationId: 'two', teamId: 'a', projectId: null })).toBe(false)
  expect(holdsIn(member, 'limits:write', { organisationId: 'one', teamId: 'a', projectId: null })).toBe(false)
})

test('an operator reaches everything', () => {
  fc.assert(
    fc.property(fc.constantFrom(...RIGHTS), places, (right, place) => {
      expect(reaches(reachOf(person({ isOperator: true }), right, place.organisationId), place)).toBe(true)
    }),
  )
})
