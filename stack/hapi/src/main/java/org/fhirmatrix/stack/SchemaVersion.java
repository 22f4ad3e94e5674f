package org.fhirmatrix.stack;

import ca.uhn.fhir.util.VersionUtil;
import javax.sql.DataSource;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.JdbcTemplate;

/** Remembers in the database which HAPI made its tables: comparing them all with the entities takes seconds. */
final class SchemaVersion {
    private final JdbcTemplate database;

    SchemaVersion(DataSource dataSource) {
        database = new JdbcTemplate(dataSource);
    }

    boolean isCurrent() {
        try {
            return database.queryForList("SELECT hapi FROM fhir_server_schema", String.class)
                    .contains(VersionUtil.getVersion());
        } catch (DataAccessException noSuchTable) {
            return false;
        }
    }

    void markCurrent() {
        if (isCurrent()) {
            return;
        }
        database.execute("CREATE TABLE IF NOT EXISTS fhir_server_schema (hapi varchar(40) NOT NULL)");
        database.update("INSERT INTO fhir_server_schema (hapi) VALUES (?)", VersionUtil.getVersion());
    }
}
