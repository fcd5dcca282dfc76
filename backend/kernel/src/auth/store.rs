//! SQL of users, sessions, tokens and keys.

crate::queries! {
    USER_GET: "SELECT * FROM user WHERE username = ?1";
    USER_PAGE: "SELECT * FROM user WHERE username > ?1 AND (?2 IS NULL OR role = ?2) ORDER BY username LIMIT ?3";
    USER_NEWEST: "SELECT * FROM user WHERE (created_at, username) < (?1, ?2) AND (?3 IS NULL OR role = ?3)
        ORDER BY created_at DESC, username DESC LIMIT ?4";
    USER_COUNT: "SELECT count(*) FROM user WHERE (?1 IS NULL OR role = ?1)";
    USER_OTHER_ADMINS: "SELECT count(*) FROM user WHERE role = 'admin' AND disabled = 0 AND username <> ?1";
    USER_INSERT: "INSERT INTO user (username, display_name, email, role, password_hash, created_at, desktop) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    USER_UPDATE: "UPDATE user SET display_name = ?2, email = ?3, role = ?4, disabled = ?5, password_hash = ?6, version = version + 1 WHERE username = ?1";
    USER_DELETE: "DELETE FROM user WHERE username = ?1";
    USER_LOGIN: "UPDATE user SET last_login_at = ?2 WHERE username = ?1";
    USER_PASSWORD: "UPDATE user SET password_hash = ?2, version = version + 1 WHERE username = ?1";
    USER_PREFERENCES: "UPDATE user SET preferences = ?2, version = version + 1 WHERE username = ?1";
    SESSION_INSERT: "INSERT INTO session (hash, username, label, created_at, expires_at, desktop) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    SESSION_GET: "SELECT s.username, s.label, s.expires_at, s.desktop, u.role, u.disabled FROM session s JOIN user u USING (username) WHERE s.hash = ?1";
    SESSION_DELETE: "DELETE FROM session WHERE hash = ?1";
    SESSIONS_OF_USER_DELETE: "DELETE FROM session WHERE username = ?1";
    SESSIONS_OTHERS_DELETE: "DELETE FROM session WHERE username = ?1 AND label <> ?2";
    FAMILIES_OTHERS_REVOKE: "UPDATE token_family SET revoked = 1 WHERE username = ?1 AND family <> ?2";
    SESSIONS_OLD_DELETE: "DELETE FROM session WHERE desktop = 1 OR expires_at <= ?1";
    FAMILY_INSERT: "INSERT INTO token_family (family, username, created_at, expires_at) VALUES (?1, ?2, ?3, ?4)";
    FAMILY_GET: "SELECT f.username, f.revoked, f.expires_at, u.role, u.disabled FROM token_family f JOIN user u USING (username) WHERE f.family = ?1";
    FAMILY_REVOKE: "UPDATE token_family SET revoked = 1 WHERE family = ?1";
    FAMILIES_OF_USER_REVOKE: "UPDATE token_family SET revoked = 1 WHERE username = ?1";
    FAMILIES_REVOKE_ALL: "UPDATE token_family SET revoked = 1";
    FAMILIES_OLD_DELETE: "DELETE FROM token_family WHERE expires_at <= ?1";
    REFRESH_INSERT: "INSERT INTO refresh_token (hash, family) VALUES (?1, ?2)";
    REFRESH_GET: "SELECT r.family, r.used_at, f.username, f.revoked, f.expires_at FROM refresh_token r JOIN token_family f USING (family) WHERE r.hash = ?1";
    REFRESH_USE: "UPDATE refresh_token SET used_at = ?2 WHERE hash = ?1 AND used_at IS NULL";
    KEY_INSERT: "INSERT INTO api_key (id, name, hash, prefix, scopes, owner, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    KEY_GET: "SELECT * FROM api_key WHERE id = ?1";
    KEY_WITH_OWNER: "SELECT k.*, u.role, u.disabled FROM api_key k JOIN user u ON u.username = k.owner WHERE k.id = ?1";
    KEY_PAGE_OF: "SELECT * FROM api_key WHERE owner = ?1 ORDER BY created_at DESC, id DESC";
    KEY_PAGE_ALL: "SELECT * FROM api_key ORDER BY created_at DESC, id DESC";
    KEY_DELETE: "DELETE FROM api_key WHERE id = ?1";
    KEY_USED: "UPDATE api_key SET last_used_at = ?2 WHERE id = ?1";
}
