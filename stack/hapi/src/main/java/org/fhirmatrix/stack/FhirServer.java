package org.fhirmatrix.stack;

import java.util.concurrent.TimeUnit;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.startup.Tomcat;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;

/**
 * The program: storage first, HTTP last, so that the first answer already means "ready"; when it ends the other way round.
 */
public final class FhirServer {
    private static final Logger LOG = LoggerFactory.getLogger(FhirServer.class);

    private FhirServer() {}

    public static void main(String[] args) throws LifecycleException {
        start(Settings.from(System.getenv()));
    }

    /** Returns once requests are answered; the server then runs until the process is told to end. */
    static void start(Settings settings) throws LifecycleException {
        long begin = System.nanoTime();
        SLF4JBridgeHandler.removeHandlersForRootLogger();
        SLF4JBridgeHandler.install();

        AnnotationConfigApplicationContext storage = new AnnotationConfigApplicationContext();
        storage.registerBean(Settings.class, () -> settings);
        storage.register(DatabaseConfig.class, HapiConfig.class);
        storage.refresh();
        storage.getBean(SchemaVersion.class).markCurrent();
        Tomcat http = startHttp(settings, storage);

        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(http, storage), "stop"));
        long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begin);
        LOG.info("FHIR server ready at {} after {} s", settings.url(), seconds);
    }

    private static Tomcat startHttp(Settings settings, AnnotationConfigApplicationContext storage)
            throws LifecycleException {
        try {
            return RestApi.start(settings, storage);
        } catch (LifecycleException | RuntimeException e) {
            storage.close();
            throw e;
        }
    }

    private static void stop(Tomcat http, AnnotationConfigApplicationContext storage) {
        try {
            http.stop();
        } catch (LifecycleException e) {
            LOG.warn("The HTTP server did not stop cleanly", e);
        }
        storage.close();
    }
}
