package org.fhirmatrix.stack;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Map;
import org.postgresql.Driver;

/**
 * A short life of the server on a database in memory, run by the build with -XX:ArchiveClassesAtExit: the classes it
 * loads go into the archive that makes every later start quicker.
 */
final class ClassDataTraining {
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    private ClassDataTraining() {}

    public static void main(String[] args) throws Exception {
        Class.forName(Driver.class.getName());
        Settings settings = Settings.from(
                Map.of("FHIR_PORT", Integer.toString(freePort()), "FHIR_JDBC_URL", "jdbc:h2:mem:training"));
        FhirServer.start(settings);

        String patient = "{\"resourceType\":\"Patient\",\"id\":\"training\",\"active\":true}";
        send(HttpRequest.newBuilder(URI.create(settings.url() + "/metadata")));
        send(withBody(settings, "/Patient/training").PUT(BodyPublishers.ofString(patient)));
        send(withBody(settings, "/Patient/$validate").POST(BodyPublishers.ofString(patient)));
        send(HttpRequest.newBuilder(URI.create(settings.url() + "/Patient?active=true&_sort=_lastUpdated")));
        System.exit(0);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private static HttpRequest.Builder withBody(Settings settings, String path) {
        return HttpRequest.newBuilder(URI.create(settings.url() + path)).header("Content-Type", "application/fhir+json");
    }

    private static void send(HttpRequest.Builder request) throws IOException, InterruptedException {
        int status = CLIENT.send(request.build(), BodyHandlers.discarding()).statusCode();
        if (status >= 400) {
            throw new IllegalStateException("The server answered " + status + ".");
        }
    }
}
