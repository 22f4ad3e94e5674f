package org.fhirmatrix.stack;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.jpa.api.config.JpaStorageSettings;
import ca.uhn.fhir.jpa.api.dao.IFhirSystemDao;
import ca.uhn.fhir.jpa.provider.JpaCapabilityStatementProvider;
import ca.uhn.fhir.jpa.provider.JpaSystemProvider;
import ca.uhn.fhir.jpa.provider.SubscriptionTriggeringProvider;
import ca.uhn.fhir.jpa.search.DatabaseBackedPagingProvider;
import ca.uhn.fhir.rest.server.IncomingRequestAddressStrategy;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.provider.ResourceProviderFactory;
import ca.uhn.fhir.rest.server.util.ISearchParamRegistry;
import java.io.File;
import java.nio.file.Path;
import org.apache.catalina.Context;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.startup.Tomcat;
import org.apache.catalina.valves.AccessLogValve;
import org.springframework.context.ApplicationContext;

/** The HTTP side: HAPI's REST servlet over the storage, inside an embedded Tomcat. */
final class RestApi {
    static final int REQUEST_THREADS = 20;
    private static final int DEFAULT_PAGE_SIZE = 20;
    private static final int MAXIMUM_PAGE_SIZE = 1000;

    private RestApi() {}

    /** Returns once requests are answered. */
    static Tomcat start(Settings settings, ApplicationContext beans) throws LifecycleException {
        Tomcat tomcat = new Tomcat();
        tomcat.setBaseDir(System.getProperty("java.io.tmpdir"));
        tomcat.setConnector(connector(settings));
        Context context = tomcat.addContext("", new File(tomcat.getServer().getCatalinaBase(), ".").getPath());
        Tomcat.addServlet(context, "fhir", servlet(beans)).setLoadOnStartup(1);
        context.addServletMappingDecoded(settings.basePath() + "/*", "fhir");
        if (settings.accessLog() != null) tomcat.getHost().getPipeline().addValve(accessLog(settings.accessLog()));
        tomcat.start();
        return tomcat;
    }

    private static Connector connector(Settings settings) {
        Connector connector = new Connector();
        connector.setPort(settings.port());
        connector.setProperty("address", settings.host());
        connector.setProperty("maxThreads", Integer.toString(REQUEST_THREADS));
        connector.setThrowOnFailure(true); // a port in use ends the process instead of a line in the log
        connector.setProperty("relaxedQueryChars", "|");
        return connector;
    }

    /** One line for each request, with its whole URL, written at once. */
    private static AccessLogValve accessLog(Path file) {
        AccessLogValve valve = new AccessLogValve();
        valve.setDirectory(file.getParent().toString());
        valve.setPrefix(file.getFileName().toString());
        valve.setRotatable(false);
        valve.setBuffered(false);
        valve.setPattern("%{yyyy-MM-dd'T'HH:mm:ss.SSS}t \"%r\" %s %b %D");
        return valve;
    }

    private static RestfulServer servlet(ApplicationContext beans) {
        DatabaseBackedPagingProvider paging = beans.getBean(DatabaseBackedPagingProvider.class);
        paging.setDefaultPageSize(DEFAULT_PAGE_SIZE);
        paging.setMaximumPageSize(MAXIMUM_PAGE_SIZE);

        RestfulServer server = new RestfulServer(beans.getBean(FhirContext.class));
        server.setServerAddressStrategy(new IncomingRequestAddressStrategy());
        server.setPagingProvider(paging);
        server.registerProviders(beans.getBean(ResourceProviderFactory.class).createProviders());
        server.registerProviders(
                beans.getBean(JpaSystemProvider.class), beans.getBean(SubscriptionTriggeringProvider.class));
        server.setServerConformanceProvider(new JpaCapabilityStatementProvider(
                server,
                beans.getBean(IFhirSystemDao.class),
                beans.getBean(JpaStorageSettings.class),
                beans.getBean(ISearchParamRegistry.class),
                beans.getBean(IValidationSupport.class)));
        return server;
    }
}
