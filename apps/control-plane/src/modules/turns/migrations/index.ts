export { Turns1795255560000 } from './1795255560000-turns.js';
