package org.fhirmatrix.stack;

import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.data.envers.repository.support.EnversRevisionRepositoryFactoryBean;
import org.springframework.stereotype.Component;

/** A quicker start: each of HAPI's many repositories reads its queries when it is first used, not at boot. */
@Component
class LazyRepositories implements BeanFactoryPostProcessor {

    @Override
    public void postProcessBeanFactory(ConfigurableListableBeanFactory beans) {
        for (String name : beans.getBeanNamesForType(EnversRevisionRepositoryFactoryBean.class, true, false)) {
            beans.getBeanDefinition(name.substring(1)).getPropertyValues().add("lazyInit", true);
        }
    }
}
