package org.fhirmatrix.stack;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.jpa.api.config.JpaStorageSettings;
import ca.uhn.fhir.jpa.config.util.HapiEntityManagerFactoryUtil;
import ca.uhn.fhir.jpa.model.dialect.HapiFhirH2Dialect;
import ca.uhn.fhir.jpa.model.dialect.HapiFhirPostgresDialect;
import com.zaxxer.hikari.HikariDataSource;
import jakarta.persistence.EntityManagerFactory;
import java.util.Properties;
import javax.sql.DataSource;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Primary;
import org.springframework.orm.jpa.JpaTransactionManager;
import org.springframework.orm.jpa.LocalContainerEntityManagerFactoryBean;

/** PostgreSQL, or H2 where the URL says so: the connection pool, Hibernate with a schema that it creates by itself, and transactions. */
@Configuration
class DatabaseConfig {

    /** One request may hold two connections at once, so the pool is over twice the number of request threads. */
    @Bean(destroyMethod = "close")
    HikariDataSource dataSource(Settings settings) {
        HikariDataSource pool = new HikariDataSource();
        pool.setJdbcUrl(settings.jdbcUrl());
        pool.setUsername(settings.dbUser());
        pool.setPassword(settings.dbPassword());
        pool.setMaximumPoolSize(2 * RestApi.REQUEST_THREADS + 10);
        pool.setMinimumIdle(2);
        pool.setIdleTimeout(30_000);
        return pool;
    }

    @Bean
    SchemaVersion schemaVersion(DataSource dataSource) {
        return new SchemaVersion(dataSource);
    }

    @Bean
    LocalContainerEntityManagerFactoryBean entityManagerFactory(
            Settings settings,
            DataSource dataSource,
            SchemaVersion schemaVersion,
            ConfigurableListableBeanFactory beans,
            FhirContext fhirContext,
            JpaStorageSettings storageSettings) {
        LocalContainerEntityManagerFactoryBean factory =
                HapiEntityManagerFactoryUtil.newEntityManagerFactory(beans, fhirContext, storageSettings);
        factory.setPersistenceUnitName("fhir");
        factory.setDataSource(dataSource);
        factory.setJpaProperties(hibernateProperties(settings.jdbcUrl(), schemaVersion.isCurrent()));
        return factory;
    }

    @Bean
    @Primary
    JpaTransactionManager transactionManager(EntityManagerFactory entityManagerFactory) {
        return new JpaTransactionManager(entityManagerFactory);
    }

    private static Properties hibernateProperties(String jdbcUrl, boolean schemaIsCurrent) {
        Class<?> dialect = jdbcUrl.startsWith("jdbc:h2:") ? HapiFhirH2Dialect.class : HapiFhirPostgresDialect.class;
        Properties properties = new Properties();
        properties.setProperty("hibernate.dialect", dialect.getName());
        properties.setProperty("hibernate.hbm2ddl.auto", schemaIsCurrent ? "none" : "update");
        properties.setProperty("hibernate.jdbc.batch_size", "20");
        properties.setProperty("hibernate.cache.use_query_cache", "false");
        properties.setProperty("hibernate.cache.use_second_level_cache", "false");
        properties.setProperty("hibernate.search.enabled", "false");
        return properties;
    }
}
