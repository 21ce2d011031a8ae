export * from './authentication.js';
export { Caller, CallerLogin, Public, Requires, TakesWitnessTokens } from './decorators.js';
export { AuthorizationGuard } from './guard.js';
export { may, type Permission, permissions } from './permissions.js';
export { type Route, RouteInventory } from './route-inventory.js';
