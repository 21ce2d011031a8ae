export * from './authentication.js';
export { Caller, CallerLogin, Public, Requires } from './decorators.js';
export { AuthorizationGuard } from './guard.js';
export { may, type Permission, permissions } from './permissions.js';
export { type Route, RouteInventory } from './route-inventory.js';
