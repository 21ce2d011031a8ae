/** The channel on which every replica hears that a session must end; the payload is `{ session }`. */
export const sessionEndRequested = 'session_end_requested';
