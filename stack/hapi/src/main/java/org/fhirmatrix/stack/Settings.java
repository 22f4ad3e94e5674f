package org.fhirmatrix.stack;

import java.nio.file.Path;
import java.util.Map;

/** Everything that can be set from outside, read once from the environment variables. */
record Settings(
        String host,
        int port,
        String basePath,
        String jdbcUrl,
        String dbUser,
        String dbPassword,
        long subscriptionIntervalMs,
        Path accessLog) {

    static Settings from(Map<String, String> env) {
        return new Settings(
                env.getOrDefault("FHIR_HOST", "127.0.0.1"),
                Integer.parseInt(required(env, "FHIR_PORT")),
                env.getOrDefault("FHIR_BASE", "/fhir"),
                required(env, "FHIR_JDBC_URL"),
                env.get("FHIR_DB_USER"),
                env.get("FHIR_DB_PASSWORD"),
                Long.parseLong(env.getOrDefault("FHIR_SUBSCRIPTION_INTERVAL_MS", "200")),
                path(env.get("FHIR_ACCESS_LOG")));
    }

    String url() {
        return "http://" + host + ":" + port + basePath;
    }

    /** Null when it is not set. */
    private static Path path(String value) {
        return value == null || value.isBlank() ? null : Path.of(value).toAbsolutePath();
    }

    private static String required(Map<String, String> env, String name) {
        String value = env.get(name);
        if (value == null || value.isBlank()) {
            throw new IllegalArgumentException("The environment variable " + name + " is not set.");
        }
        return value;
    }
}
