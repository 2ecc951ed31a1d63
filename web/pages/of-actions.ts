/** The list of actions and the page of one: read together, for they show the same. */

export { ActionPage } from './action.tsx';
export { ActionsPage } from './actions.tsx';
