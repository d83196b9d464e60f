/*
 * elasticsearch.h - Where is the connector to Elasticsearch?
 */
#ifndef MF_ELASTICSEARCH_H
#define MF_ELASTICSEARCH_H

#include "connector.h"

extern const MfConnector mf_elasticsearch_connector;

#endif							/* MF_ELASTICSEARCH_H */
