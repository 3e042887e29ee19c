/** The roles that are shipped, with their names in the catalogue. */
export const ROLES: [string, string][] = ["sales", "finance", "management", "it", "admin", "security", "auditor"].map((role) => [role, `people.role-${role}`]);
