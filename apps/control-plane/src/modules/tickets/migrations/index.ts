export { TicketCalls1795255590000 } from './1795255590000-ticket-calls.js';
