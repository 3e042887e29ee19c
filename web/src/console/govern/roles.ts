/** The roles that are shipped, with their names in the catalogue. */
export const ROLES: [string, string][] = ["sales", "finance", "management", "it", "admin", "security", "auditor"].map((role) => [role, `roles.name-${role}`]);

/** What a role is called: a shipped one in the reader's words, another as its makers call it. */
export const roleName = (role: string, t: (key: string) => string): string => (ROLES.some(([shipped]) => shipped === role) || ["everyone", "service", "operator"].includes(role) ? t(`roles.name-${role}`) : role);

/** A right's name in the catalogue. */
export const rightKey = (right: string): string => right.replaceAll(".", "-");
