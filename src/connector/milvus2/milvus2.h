/*
 * milvus2.h - What does the core need to know of the Milvus 2.x connector?
 */
#ifndef MILVUS2_H
#define MILVUS2_H

#include "connector.h"

extern const MfConnector mf_milvus2_connector;

#endif							/* MILVUS2_H */
